import { Button, CopyButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { Ask } from '../api/types.ts'
import { failed } from '../ui/toast.ts'

/** Asks somebody else in one's place. */
export function PassOn({ ask }: { ask: Ask }) {
  const client = useQueryClient()
  const [opened, dialog] = useDisclosure(false)
  const [to, setTo] = useState('')
  const pass = useMutation(trpc.asks.passOn.mutationOptions({ onError: failed }))
  const close = async () => {
    dialog.close()
    pass.reset()
    await client.invalidateQueries({ queryKey: trpc.asks.pathKey() })
  }
  return (
    <>
      <Button variant="subtle" onClick={dialog.open}>
        Pass on
      </Button>
      <Modal opened={opened} onClose={() => void close()} title={`Pass on “${ask.title}”`}>
        {pass.isSuccess ? (
          <Stack>
            <Text>{to} is asked now, and nobody else. They find it under “Waiting for you”, and behind this link:</Text>
            <Text className="sb-mono" style={{ overflowWrap: 'anywhere' }}>
              {pass.data.link}
            </Text>
            <Group justify="flex-end">
              <CopyButton value={pass.data.link}>
                {({ copied, copy }) => <Button onClick={copy}>{copied ? 'Copied' : 'Copy the link'}</Button>}
              </CopyButton>
            </Group>
          </Stack>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault()
              pass.mutate({ id: ask.id, to: to.trim() })
            }}
          >
            <Stack>
              <TextInput
                label="E-mail address"
                description={
                  ask.byLink
                    ? 'They alone are asked then. Links that were sent before answer nothing any more.'
                    : 'Of a member of the workspace. They alone may answer then, and links that were sent before answer nothing any more.'
                }
                type="email"
                required
                value={to}
                onChange={(event) => setTo(event.currentTarget.value)}
              />
              <Group justify="flex-end">
                <Button type="submit" loading={pass.isPending}>
                  Pass on
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  )
}

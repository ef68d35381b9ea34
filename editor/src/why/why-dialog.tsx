import { Button, Group, Modal, Stack } from '@mantine/core'
import { CircleHelp } from 'lucide-react'
import { useState } from 'react'
import { SubjectInput } from '../customers/subject-input.tsx'
import { type WhyQuestion, WhyThen, type WhySubjectRef } from './why-panel.tsx'

interface Asked {
  kind: 'segment' | 'signal'
  slug: string
  name: string
}

/** “Why?” beside one member. */
export function WhyMember({ asked, subject, label }: { asked: Asked; subject: WhySubjectRef; label: string }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button size="compact-xs" variant="subtle" aria-label={`Why ${label}?`} onClick={() => setOpen(true)}>
        Why?
      </Button>
      {open && (
        <Modal opened onClose={() => setOpen(false)} size="xl" title={`${label} and “${asked.name}”`}>
          <WhyThen subject={subject} question={asked} />
        </Modal>
      )}
    </>
  )
}

/** Asks about anybody: why somebody is not in it. */
export function WhyAnybody({ asked, kind }: { asked: Asked; kind: WhySubjectRef['kind'] }) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button variant="default" leftSection={<CircleHelp size={15} aria-hidden="true" />} onClick={() => setOpen(true)}>
        Why is someone in it, or not?
      </Button>
      {open && <AskDialog asked={asked} kind={kind} onClose={() => setOpen(false)} />}
    </>
  )
}

function AskDialog(props: { asked: Asked; kind: WhySubjectRef['kind']; onClose: () => void }) {
  const { asked, kind, onClose } = props
  const [typed, setTyped] = useState('')
  const [id, setId] = useState<string | null>(null)
  const question: WhyQuestion = { kind: asked.kind, slug: asked.slug }
  return (
    <Modal opened onClose={onClose} size="xl" title={`Why is someone in “${asked.name}”, or not?`}>
      <Stack>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            setId(typed.trim())
          }}
        >
          <Group align="flex-end">
            <div style={{ flex: 1 }}>
              <SubjectInput kind={kind} value={typed} onChange={setTyped} focused />
            </div>
            <Button type="submit" disabled={typed.trim() === ''}>
              Ask
            </Button>
          </Group>
        </form>
        {id !== null && <WhyThen key={id} subject={{ kind, id }} question={question} />}
      </Stack>
    </Modal>
  )
}

import { Button, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'

/** A sign-in at a vendor that was asked for at another address of this installation, where it could not have ended. */
export function BeginHere(wish: {
  app: string
  label: string
  slug: string
  name: string
  connectionId: string | undefined
}) {
  const { app, label, slug, name, connectionId } = wish
  const authorize = useMutation(
    trpc.connections.authorize.mutationOptions({ onSuccess: ({ url }) => window.location.assign(url) }),
  )
  return (
    <Notice tone="warn" title={`Go on connecting ${label} from here`}>
      <Text size="sm">
        {label} sends people back to the public address only, so you were brought to it: {window.location.origin}.
      </Text>
      <Button
        size="xs"
        mt="xs"
        loading={authorize.isPending || authorize.isSuccess}
        onClick={() =>
          authorize.mutate({ app, slug, name, sandbox: false, ...(connectionId !== undefined && { connectionId }) })
        }
      >
        Sign in to {label}
      </Button>
      {authorize.isError && <ProblemPanel error={authorize.error} />}
    </Notice>
  )
}

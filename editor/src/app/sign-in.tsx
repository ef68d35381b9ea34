import { Button, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useDocumentTitle } from '../ui/page.tsx'
import { Notice } from '../ui/problem-panel.tsx'
import { signIn } from './auth.ts'
import { Logo } from './logo.tsx'

export function SignInPage() {
  useDocumentTitle('Sign in')
  const navigate = useNavigate()
  const client = useQueryClient()
  const { to } = useSearch({ from: '/sign-in' })
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<string | null>(null)

  const submit = async () => {
    setBusy(true)
    setFault(null)
    const refusal = await signIn(email.trim(), password)
    setBusy(false)
    if (refusal !== null) return setFault(refusal)
    client.clear()
    await navigate({ to: to ?? '/playbooks' })
  }
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    void submit()
  }

  return (
    <main className="sb-sign-in">
      <form className="sb-card" onSubmit={onSubmit}>
        <Stack gap="md">
          <div>
            <Logo size={40} />
            <Title order={1} mt="md">
              Sign in to Signalbox
            </Title>
            <Text c="dimmed" mt={4}>
              With the e-mail and password of your workspace.
            </Text>
          </div>
          {begins(to) && (
            <Notice tone="warn" title="Sign in here too">
              <Text size="sm">
                The system you are connecting sends people back to this address only, {window.location.origin}, and you
                are not signed in here. After that you go on where you were.
              </Text>
            </Notice>
          )}
          {fault !== null && <Notice tone="bad" title={fault} />}
          <TextInput
            label="E-mail"
            type="email"
            name="email"
            autoComplete="username"
            required
            withAsterisk={false}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" size="md" loading={busy}>
            Sign in
          </Button>
          <Text size="xs" c="dimmed">
            Forgot it? On the server, run <span className="sb-mono">npx signalbox reset-password &lt;e-mail&gt;</span>
          </Text>
        </Stack>
      </form>
    </main>
  )
}

/** Whether a sign-in at a vendor was begun at another address of this installation and goes on at this one. */
function begins(to: string | undefined): boolean {
  if (to === undefined) return false
  const { pathname, searchParams } = new URL(to, window.location.origin)
  return pathname === '/connections' && searchParams.has('begin')
}

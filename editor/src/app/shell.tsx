import { ActionIcon, Drawer, Menu, Tooltip, UnstyledButton, useMantineColorScheme } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import {
  Bell,
  Building2,
  Database,
  FileUp,
  Calculator,
  FlaskConical,
  Gauge,
  Inbox,
  KeyRound,
  ShieldCheck,
  ListChecks,
  LogOut,
  MailCheck,
  type LucideIcon,
  Menu as MenuIcon,
  Merge,
  MessageCircleQuestion,
  Monitor,
  Moon,
  Plug,
  RadioTower,
  Rocket,
  RotateCw,
  Sun,
  Users,
  UsersRound,
  Workflow,
  Zap,
} from 'lucide-react'
import { trpc } from '../api/client.ts'
import { failed } from '../ui/toast.ts'
import { signOut } from './auth.ts'
import { Logo } from './logo.tsx'

/** Navigation round every page but sign-in. */
export function Shell() {
  const [open, drawer] = useDisclosure(false)
  const path = useRouterState({ select: (state) => state.location.pathname })
  // The editor and a run need the width; their own bar leads back.
  const canvas = /^\/(playbooks|runs)\/./.test(path)
  return (
    <>
      <a className="sb-skip" href="#main">
        Skip to the content
      </a>
      <div className="sb-shell" data-canvas={canvas}>
        <nav className="sb-nav" aria-label="Main">
          <Navigation close={() => {}} />
        </nav>
        <div className="sb-topbar">
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Open the menu" onClick={drawer.open}>
            <MenuIcon size={20} />
          </ActionIcon>
          <Logo size={24} />
          <strong>Signalbox</strong>
        </div>
        <Drawer opened={open} onClose={drawer.close} size={264} title="Menu" padding="sm">
          <nav aria-label="Main">
            <Navigation close={drawer.close} />
          </nav>
        </Drawer>
        <main id="main" className="sb-main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </>
  )
}

function Navigation({ close }: { close: () => void }) {
  const { data: session } = useSuspenseQuery(trpc.session.me.queryOptions())
  const reviews = useQuery({ ...trpc.reviews.list.queryOptions(), refetchInterval: 30_000 })
  const asks = useQuery({ ...trpc.asks.countMine.queryOptions(), refetchInterval: 30_000 })
  const connections = useQuery({ ...trpc.connections.list.queryOptions(), refetchInterval: 30_000 })
  const alerts = useQuery({ ...trpc.alerts.list.queryOptions({ open: true }), refetchInterval: 30_000 })
  const paused = connections.data?.data.filter((connection) => connection.status === 'paused').length ?? 0
  return (
    <>
      <Link to="/playbooks" className="sb-brand" onClick={close}>
        <Logo />
        <span className="sb-nav-words">Signalbox</span>
      </Link>
      <NavItem to="/playbooks" icon={Workflow} words="Playbooks" onClick={close} />
      <NavItem to="/runs" icon={ListChecks} words="Runs" onClick={close} />
      <NavItem to="/reruns" icon={RotateCw} words="Reruns" onClick={close} />
      <NavItem
        to="/waiting"
        icon={MessageCircleQuestion}
        words="Waiting for you"
        count={asks.data?.count ?? 0}
        onClick={close}
      />
      <NavItem to="/reviews" icon={Inbox} words="Reviews" count={reviews.data?.data.length ?? 0} onClick={close} />
      <NavItem to="/alerts" icon={Bell} words="Alerts" count={alerts.data?.data.length ?? 0} onClick={close} />
      <div className="sb-nav-title">Customers</div>
      <NavItem to="/signals" icon={RadioTower} words="Signals" onClick={close} />
      <NavItem to="/segments" icon={UsersRound} words="Segments" onClick={close} />
      <NavItem to="/scores" icon={Gauge} words="Scores" onClick={close} />
      <NavItem to="/computed-properties" icon={Calculator} words="Computed properties" onClick={close} />
      <NavItem to="/events" icon={Zap} words="Events" onClick={close} />
      <NavItem to="/contacts" icon={Users} words="Contacts" onClick={close} />
      <NavItem to="/accounts" icon={Building2} words="Accounts" onClick={close} />
      <NavItem to="/duplicates" icon={Merge} words="Duplicates" onClick={close} />
      <NavItem to="/imports" icon={FileUp} words="Imports" onClick={close} />
      <div className="sb-nav-title">Workspace</div>
      <NavItem to="/connections" icon={Plug} words="Connections" count={paused} onClick={close} />
      {session.sandbox && <NavItem to="/sandbox" icon={FlaskConical} words="Sandbox" onClick={close} />}
      <NavItem to="/going-live" icon={Rocket} words="Going live" onClick={close} />
      <NavItem to="/settings" icon={KeyRound} words="Settings" onClick={close} />
      <NavItem to="/settings/reaching-people" icon={MailCheck} words="Reaching people" onClick={close} />
      <NavItem to="/settings/privacy" icon={ShieldCheck} words="Privacy" onClick={close} />
      <NavItem to="/data" icon={Database} words="Data" onClick={close} />
      <div style={{ flex: 1 }} />
      <PersonMenu name={session.user.name} email={session.user.email} workspace={session.workspace.name} />
    </>
  )
}

function NavItem(props: { to: string; icon: LucideIcon; words: string; count?: number; onClick: () => void }) {
  const { icon: Icon, count = 0 } = props
  return (
    // Settings is not where one is on a page below it that has a line of its own.
    <Link
      to={props.to}
      className="sb-nav-link"
      title={props.words}
      activeOptions={{ exact: props.to === '/settings', includeSearch: false }}
      onClick={props.onClick}
    >
      <Icon size={17} aria-hidden="true" />
      <span className="sb-nav-words">{props.words}</span>
      {count > 0 && (
        <span className="sb-nav-count" aria-label={`${count} need attention`}>
          {count}
        </span>
      )}
    </Link>
  )
}

const SCHEMES = [
  { scheme: 'light', words: 'Light', icon: Sun },
  { scheme: 'dark', words: 'Dark', icon: Moon },
  { scheme: 'auto', words: 'As the system', icon: Monitor },
] as const

function PersonMenu({ name, email, workspace }: { name: string; email: string; workspace: string }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const navigate = useNavigate()
  const client = useQueryClient()
  const leave = async () => {
    try {
      await signOut()
      client.clear()
      await navigate({ to: '/sign-in' })
    } catch (error) {
      failed(error)
    }
  }
  return (
    <Menu position="top-start" width={220}>
      <Menu.Target>
        <Tooltip label={email} position="right">
          <UnstyledButton
            className="sb-nav-link"
            aria-label={`${workspace} ${name === '' ? email : name}: account and appearance`}
          >
            {/* Drawn by the style sheet: the letter is no part of the button's words. */}
            <span className="sb-avatar" data-initial={(name === '' ? email : name).slice(0, 1).toUpperCase()} />
            <span className="sb-person">
              <span>{workspace}</span> <span>{name === '' ? email : name}</span>
            </span>
          </UnstyledButton>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Appearance</Menu.Label>
        {SCHEMES.map(({ scheme, words, icon: Icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={15} />}
            fw={colorScheme === scheme ? 700 : undefined}
            aria-current={colorScheme === scheme}
            onClick={() => setColorScheme(scheme)}
          >
            {words}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={15} />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

import { Autocomplete, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'

type SubjectKind = 'contact' | 'account'

/** A subject as calls name it: by your own id or by ours. */
export const subjectChoice = (kind: SubjectKind, id: string): { contact: string } | { account: string } =>
  kind === 'contact' ? { contact: id } : { account: id }

/** Asks for one contact or account: searched by name, named by your own id (or ours, where there is none). */
export function SubjectInput(props: {
  kind: SubjectKind
  value: string
  onChange: (value: string) => void
  focused?: boolean
}) {
  const { kind, value, onChange } = props
  const [search] = useDebouncedValue(value, 250)
  const wanted = { limit: 20, ...(search !== '' && { search }) }
  // While the next answer is on its way the list keeps what it has.
  const shared = { placeholderData: <T,>(old: T) => old }
  const contacts = useQuery({ ...trpc.contacts.list.queryOptions(wanted), ...shared, enabled: kind === 'contact' })
  const accounts = useQuery({ ...trpc.accounts.list.queryOptions(wanted), ...shared, enabled: kind === 'account' })
  const rows = (kind === 'contact' ? contacts : accounts).data?.data ?? []
  const labels = new Map(rows.map((row) => [row.externalId ?? row.id, row.label]))
  const chosen = labels.get(value)
  return (
    <Autocomplete
      label={kind === 'contact' ? 'Contact' : 'Account'}
      placeholder="Name or your id"
      // The field holds the id; whose it is stands beside it.
      description={chosen === undefined || chosen === value ? undefined : chosen}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      data={[...labels.keys()]}
      filter={({ options }) => options}
      renderOption={({ option }) => (
        <Text size="sm">
          {labels.get(option.value)}{' '}
          <Text span size="xs" c="dimmed">
            {option.value}
          </Text>
        </Text>
      )}
      {...(props.focused === true && { 'data-autofocus': true })}
      value={value}
      onChange={onChange}
    />
  )
}

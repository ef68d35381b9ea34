import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'
import { readProblem } from '../api/problem.ts'
import { asText, type FieldProps, wordsOf } from './field-types.ts'

/** One of the workspace's playbooks, by its slug. */
export function PlaybookField({ field, value, onChange, error }: FieldProps) {
  const playbooks = useQuery(trpc.playbooks.list.queryOptions())
  const known = (playbooks.data?.data ?? []).map(({ slug, name }) => ({ value: slug, label: name }))
  const chosen = asText(value)
  const isThere = chosen === '' || known.some((one) => one.value === chosen)
  return (
    <Select
      {...wordsOf({ field, error: error ?? (playbooks.isError ? readProblem(playbooks.error).detail : undefined) })}
      data={
        isThere ? known : [...known, { value: chosen, label: playbooks.isSuccess ? `${chosen} (not there)` : chosen }]
      }
      searchable
      placeholder={playbooks.isPending ? 'Loading the playbooks' : 'Choose a playbook'}
      value={chosen === '' ? null : chosen}
      onChange={(next) => onChange(next ?? undefined)}
    />
  )
}

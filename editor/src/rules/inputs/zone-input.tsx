import { Select } from '@mantine/core'

import { ZONES } from '../../ui/zones.ts'

/** An IANA time zone; one that this browser does not know stays in the list. */
export function ZoneInput({ value, onChange }: { value: string; onChange: (zone: string) => void }) {
  return (
    <Select
      size="xs"
      w={170}
      searchable
      limit={60}
      aria-label="Time zone"
      data={value === '' || ZONES.includes(value) ? ZONES : [value, ...ZONES]}
      value={value === '' ? null : value}
      onChange={(zone) => zone !== null && onChange(zone)}
    />
  )
}

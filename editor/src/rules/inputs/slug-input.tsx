import { Select } from '@mantine/core'

/** Something of the workspace by its name; one that is not there any more stays to be seen. */
export function SlugInput(props: {
  what: 'segment' | 'signal' | 'score'
  list: ReadonlyArray<{ slug: string; name: string }>
  value: string
  onChange: (slug: string) => void
}) {
  const { what, list, value, onChange } = props
  const data = list.map(({ slug, name }) => ({ value: slug, label: name }))
  const known = value === '' || list.some(({ slug }) => slug === value)
  return (
    <Select
      size="xs"
      searchable
      className="sb-rule-wide"
      aria-label={what[0]?.toUpperCase() + what.slice(1)}
      placeholder={list.length === 0 ? `No ${what} yet` : `Choose a ${what}`}
      nothingFoundMessage={`No such ${what}`}
      data={known ? data : [...data, { value, label: `${value} (not there)` }]}
      value={value === '' ? null : value}
      onChange={(slug) => slug !== null && onChange(slug)}
    />
  )
}

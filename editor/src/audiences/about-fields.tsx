import { SegmentedControl, Textarea, TextInput } from '@mantine/core'

/** What a segment, signal, score or computed property says of itself, beside how it is worked out. */
export interface About {
  name: string
  description: string
  subject: 'contact' | 'account'
}

/** @param props.isNew whom it is about is chosen once: everything it has worked out hangs on it */
export function AboutFields(props: {
  about: About
  onChange: (about: About) => void
  placeholder: string
  isNew: boolean
}) {
  const { about, onChange, placeholder, isNew } = props
  return (
    <>
      <TextInput
        data-autofocus
        label="Name"
        required
        withAsterisk={false}
        placeholder={placeholder}
        value={about.name}
        onChange={(event) => onChange({ ...about, name: event.currentTarget.value })}
      />
      <Textarea
        label="Description"
        autosize
        minRows={1}
        value={about.description}
        onChange={(event) => onChange({ ...about, description: event.currentTarget.value })}
      />
      {isNew && (
        <SegmentedControl
          aria-label="It is about"
          data={[
            { value: 'contact', label: 'Contacts (people)' },
            { value: 'account', label: 'Accounts (companies)' },
          ]}
          value={about.subject}
          onChange={(value) => onChange({ ...about, subject: value === 'account' ? 'account' : 'contact' })}
        />
      )}
    </>
  )
}

/** As it is, or as one begins. */
export const aboutOf = (known: About | null, subject: About['subject']): About => ({
  name: known?.name ?? '',
  description: known?.description ?? '',
  subject: known?.subject ?? subject,
})

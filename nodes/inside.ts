import type { Json } from './manifest.ts'

/**
 * Signalbox itself, as the client of actions without a connector: the people of the workspace, and its other playbooks.
 * What the same step of the same run asked for before is found by the action's key, so a repeat asks nobody twice.
 */
export interface Inside {
  ask(question: Question): Promise<Asked>
  call(call: PlaybookCall): Promise<Called>
}

/** Which members of the workspace may answer: each role and those above it. */
export const DECIDERS = ['anybody', 'editors', 'owners'] as const

/** Something that a person is to decide or to fill in. */
export interface Question {
  kind: 'approval' | 'form'
  title: string
  text: string | null
  /** Empty for an approval. */
  fields: FormField[]
  who: (typeof DECIDERS)[number]
  /** E-mail addresses of those who alone may answer; empty: whoever `who` says. */
  people: string[]
  /** Whether whoever has the link may answer without signing in. */
  byLink: boolean
  /** ISO-8601 duration after which it cannot be answered any more. */
  maxWait: string
}

export const FORM_FIELD_TYPES = ['text', 'longText', 'number', 'yesNo', 'date', 'choice'] as const

export interface FormField {
  name: string
  label: string
  type: (typeof FORM_FIELD_TYPES)[number]
  required: boolean
  /** Of a choice. */
  options: string[]
}

export interface Asked {
  ask: string
  /** Where the person who was sent it may answer. */
  link: string
}

export interface PlaybookCall {
  /** Slug. */
  playbook: string
  inputs: { [name: string]: Json }
  /** Whether the caller wants to know how it ends. */
  waits: boolean
  /** ISO-8601 duration: once the caller goes on without its end after so long, it is ended. Null: it goes on by itself. */
  endsAfter: string | null
}

export interface Called {
  run: string
}

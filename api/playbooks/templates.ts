import type { PlaybookDocument } from '../../engine/model/playbook.ts'

export interface Template {
  id: string
  name: string
  description: string
  document: PlaybookDocument
}

/** What `create` can begin with. */
export const TEMPLATES: Template[] = []

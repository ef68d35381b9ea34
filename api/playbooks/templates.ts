import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import { DEMO_PLAYBOOKS, MORE_TEMPLATES } from '../demo/documents.ts'

export interface Template {
  id: string
  name: string
  description: string
  document: PlaybookDocument
}

/** What `create` can begin with: the demo's playbooks and more, whose signals and connections the canvas then asks for. */
export const TEMPLATES: Template[] = [...DEMO_PLAYBOOKS, ...MORE_TEMPLATES].map(({ slug, document }) => ({
  id: slug,
  name: document.name,
  description: document.description ?? '',
  document,
}))

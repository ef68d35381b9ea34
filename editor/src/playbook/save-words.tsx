import { Tooltip } from '@mantine/core'
import { Check, CloudAlert, CloudUpload } from 'lucide-react'
import { counted } from '../ui/counted.ts'
import type { SaveState } from './autosave.ts'

/** Two different things in plain words: is what I see kept, and is it what runs? */
export function SaveWords(props: { state: SaveState; version: number | null; changes: number | null }) {
  const { state, version, changes } = props
  const kept = saveWords(state)
  const live = liveWords(version, changes)
  const Icon = kept.tone === 'bad' ? CloudAlert : state.kind === 'saved' ? Check : CloudUpload
  return (
    <Tooltip label={kept.help} multiline w={260} disabled={kept.help === ''}>
      <div className="sb-save" data-tone={kept.tone} role="status">
        <Icon size={15} aria-hidden="true" />
        <span>
          {kept.words}
          {live !== '' && ` · ${live}`}
        </span>
      </div>
    </Tooltip>
  )
}

function saveWords(state: SaveState): { words: string; tone: 'idle' | 'bad'; help: string } {
  switch (state.kind) {
    case 'saved':
      return { words: 'Saved', tone: 'idle', help: 'The draft is on the server. Runs use the published version.' }
    case 'dirty':
    case 'saving':
      return { words: 'Saving…', tone: 'idle', help: '' }
    case 'conflict':
      return { words: 'Not saved', tone: 'bad', help: 'Someone else changed this playbook.' }
    case 'failed':
      return { words: 'Not saved', tone: 'bad', help: state.problem.detail }
  }
}

function liveWords(version: number | null, changes: number | null): string {
  if (version === null) return 'never published'
  if (changes === null) return ''
  if (changes === 0) return `Published v${version}`
  return counted(changes, 'unpublished change')
}

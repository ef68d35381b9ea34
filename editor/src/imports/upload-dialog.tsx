import { Button, Modal, Radio, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { FileUp } from 'lucide-react'
import { type DragEvent, useRef, useState } from 'react'
import { trpc } from '../api/client.ts'
import { ProblemAnswer } from '../api/problem.ts'
import type { ImportRow, ImportView } from '../api/types.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { fileSize, KINDS } from './import-words.ts'
import './imports.css'

/** Asks what the rows are and for the file; goes on to its columns. */
export function UploadDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [kind, setKind] = useState<ImportRow['kind']>('contacts')
  const upload = useMutation({
    mutationFn: (file: File) => send(file, kind),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: trpc.imports.pathKey() })
      await navigate({ to: '/imports/$id', params: { id } })
    },
  })
  return (
    <Modal opened onClose={onClose} title="Import a file" size="lg">
      <Stack>
        <Radio.Group label="What are its rows?" value={kind} onChange={(value) => setKind(value as ImportRow['kind'])}>
          <Stack gap={6} mt={6}>
            {KINDS.map(({ value, label, help }) => (
              <Radio key={value} value={value} label={label} description={help} disabled={upload.isPending} />
            ))}
          </Stack>
        </Radio.Group>
        <DropZone busy={upload.isPending ? upload.variables : null} onFile={(file) => upload.mutate(file)} />
        {upload.isError && <ProblemPanel error={upload.error} />}
        <Text size="sm" c="dimmed">
          Nothing is taken yet: next you see its columns and say what each is for.
        </Text>
      </Stack>
    </Modal>
  )
}

function DropZone({ busy, onFile }: { busy: File | null; onFile: (file: File) => void }) {
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    setOver(false)
    const [file] = event.dataTransfer.files
    if (file !== undefined && busy === null) onFile(file)
  }
  return (
    <div
      className="sb-drop"
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <FileUp size={24} aria-hidden="true" />
      <Text fw={600}>
        {busy === null ? 'Drop a CSV file here' : `Uploading ${busy.name} (${fileSize(busy.size)}) …`}
      </Text>
      <Button variant="default" loading={busy !== null} onClick={() => input.current?.click()}>
        Choose a file
      </Button>
      <Text size="xs" c="dimmed">
        UTF-8 with a header, up to 100 MB; comma, semicolon, tab or bar between the cells.
      </Text>
      <input
        ref={input}
        type="file"
        accept=".csv,.tsv,.txt,text/csv"
        aria-label="CSV file"
        hidden
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? []
          if (file !== undefined) onFile(file)
          // The same file can be chosen again after it was mended.
          event.currentTarget.value = ''
        }}
      />
    </div>
  )
}

async function send(file: File, kind: string): Promise<ImportView> {
  const address = `/v1/imports?kind=${kind}&name=${encodeURIComponent(file.name)}`
  const answer = await fetch(address, { method: 'POST', headers: { 'content-type': 'text/csv' }, body: file })
  const body: unknown = await answer.json()
  if (!answer.ok) throw new ProblemAnswer(body)
  return body as ImportView
}

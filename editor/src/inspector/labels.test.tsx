import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { catalog } from '../../../nodes/catalog.ts'
import type { FieldManifest, Json } from '../../../nodes/manifest.ts'
import { toManifest } from '../../../nodes/to-manifest.ts'
import { createEditorStore, EditorStoreContext } from '../playbook/store.ts'
import { NO_WORLD } from '../rules/rule-world.ts'
import { Field } from './field.tsx'

const empty: PlaybookDocument = {
  name: 'Empty',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [],
  edges: [],
}

/** Where a field draws more once it holds something. */
const FILLED: { [widget in FieldManifest['widget']]?: Json } = {
  arms: [{ port: 'a', percent: 100 }],
  cases: [{ port: 'big', if: { property: 'contact.seats', op: 'gt', value: 5 } }],
  dates: ['2026-12-25'],
  filters: [{ property: 'carrier', op: 'eq', value: 'dhl' }],
  formFields: [{ name: 'mood', label: 'How was it?', type: 'choice', options: ['Good', 'Bad'] }],
  hours: [{ days: ['mon'], from: '09:00', to: '17:00' }],
  keys: [{ property: 'order_id', path: 'trigger.properties.order_id' }],
  keyValue: { reason: 'asked' },
}

function draw(field: FieldManifest): string {
  return renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider>
        <EditorStoreContext value={createEditorStore(empty)}>
          <Field
            field={field}
            value={FILLED[field.widget]}
            onChange={() => {}}
            error={undefined}
            groups={[]}
            world={NO_WORLD}
            siblings={{ event: 'Order Shipped' }}
          />
        </EditorStoreContext>
      </MantineProvider>
    </QueryClientProvider>,
  )
}

it('draws no label that names nothing, whichever the field', () => {
  const lost = toManifest(catalog).steps.flatMap(({ type, fields }) =>
    fields.flatMap((field) => {
      const drawn = draw(field)
      const ids = new Set([...drawn.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id))
      const named = [...drawn.matchAll(/ (?:for|aria-labelledby)="([^"]*)"/g)].map(([, id]) => id)
      return named.filter((id) => !ids.has(id)).map((id) => `${type} ${field.name} (${field.widget}): ${id}`)
    }),
  )
  expect(lost).toEqual([])
})

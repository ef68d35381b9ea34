import type { ReactNode } from 'react'

/** A card beside a profile, with how many it holds where that is worth saying. */
export function Panel({ title, count, children }: { title: string; count?: number; children: ReactNode }) {
  return (
    <section className="sb-card sb-panel" aria-label={title}>
      <h2 className="sb-panel-title">
        {title} {count !== undefined && <span>{count.toLocaleString('en')}</span>}
      </h2>
      {children}
    </section>
  )
}

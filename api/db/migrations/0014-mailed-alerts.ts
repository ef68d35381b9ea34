import { type Kysely, sql } from 'kysely'

/** Alerts by mail, beside those that are posted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  // One row for each alert and way on which word of it is sent. told: what was sent; due_at: when more is to be, or, while it
  // is being sent, when that is given up for lost; begun_at: since when it is being handed over.
  `CREATE TABLE alert_sends (
    workspace_id uuid NOT NULL, alert_id uuid NOT NULL, way text NOT NULL CHECK (way IN ('webhook', 'mail')),
    told text NOT NULL DEFAULT 'nothing' CHECK (told IN ('nothing', 'opened', 'recovered')), told_at timestamptz, due_at timestamptz,
    begun_at timestamptz, attempts integer NOT NULL DEFAULT 0, fault text, PRIMARY KEY (workspace_id, alert_id, way),
    FOREIGN KEY (workspace_id, alert_id) REFERENCES alerts (workspace_id, id) ON DELETE CASCADE)`,
  `CREATE INDEX alert_sends_due ON alert_sends (due_at) WHERE due_at IS NOT NULL`,
  `INSERT INTO alert_sends (workspace_id, alert_id, way, told, told_at, due_at, attempts, fault)
    SELECT workspace_id, id, 'webhook', told, told_at, due_at, attempts, fault FROM alerts`,
  `INSERT INTO alert_sends (workspace_id, alert_id, way) SELECT workspace_id, id, 'mail' FROM alerts`,
  `ALTER TABLE alerts DROP COLUMN told, DROP COLUMN told_at, DROP COLUMN due_at, DROP COLUMN attempts, DROP COLUMN fault`,

  // A connection by its slug, as steps name theirs: one that is connected again under the same name goes on.
  'ALTER TABLE alert_settings ADD COLUMN mail_connection text, ADD COLUMN mail_to text',
]

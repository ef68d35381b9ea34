import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { ControlError, type Sandbox } from '../../sandbox/app.ts'
import { expectShape } from '../../sandbox/control.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { seconds, WORKSPACE_ID } from './values.ts'

const ANSWER_WITHIN_MS = 5_000
const RETRY_AFTER_MS = 60_000

const subscriptionSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** The app's client secret; signs every delivery. */
  secret: z.string().min(1),
  /** Absent: all topics. */
  topics: z.array(z.string()).optional(),
})
type Subscription = z.output<typeof subscriptionSchema>

/** `POST /_sandbox/intercom/webhooks` stands for the Developer Hub's form; DELETE takes all subscriptions away. */
export function webhookControl(scope: FastifyInstance, sandbox: Sandbox): void {
  scope.post('/webhooks', async ({ body }, reply) => {
    const subscription = expectShape(subscriptionSchema, body, 'body')
    // Intercom validates an endpoint before it takes it.
    const status = await fetch(subscription.url, {
      method: 'HEAD',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    }).then(
      (response) => response.status,
      (error: unknown) => String(error),
    )
    if (status !== 200)
      throw new ControlError(400, `body.url: ${subscription.url} must answer HEAD with 200; it answered ${status}.`)
    sandbox.store.put('_webhooks', { id: subscription.url, body: subscription as RecordBody })
    return reply.code(201).send({ data: { url: subscription.url, topics: subscription.topics ?? null } })
  })
  scope.delete('/webhooks', (_request, reply) => {
    for (const { id } of sandbox.store.list('_webhooks')) sandbox.store.remove('_webhooks', id)
    return reply.code(204).send()
  })
}

/** Tells every subscriber of the topic. Deliveries run beside the answer, are tried twice, and may be lost: as at Intercom. */
export function announce(sandbox: Sandbox, { topic, item }: { topic: string; item: RecordBody }): void {
  const subscriptions = sandbox.store.list('_webhooks')
  if (subscriptions.length === 0) return
  const now = seconds(sandbox.now())
  const id = `notif_${sandbox.store.next('notification')}`
  for (const { body } of subscriptions) {
    const subscription = body as unknown as Subscription
    if (subscription.topics !== undefined && !subscription.topics.includes(topic)) continue
    const notification = (attempts: number) => ({
      type: 'notification_event',
      app_id: WORKSPACE_ID,
      id,
      topic,
      created_at: now,
      delivery_attempts: attempts,
      first_sent_at: now,
      data: { type: 'notification_event_data', item },
    })
    void deliver(sandbox, subscription, notification)
  }
}

async function deliver(
  sandbox: Sandbox,
  subscription: Subscription,
  notification: (attempts: number) => object,
): Promise<void> {
  if (await sent(subscription, JSON.stringify(notification(1)))) return
  try {
    await sleep(RETRY_AFTER_MS, undefined, { signal: sandbox.signal, ref: false })
  } catch {
    return // The sandbox is closing; a second delivery is lost with it.
  }
  await sent(subscription, JSON.stringify(notification(2)))
}

async function sent({ url, secret }: Subscription, body: string): Promise<boolean> {
  const signature = createHmac('sha1', secret).update(body).digest('hex')
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature': `sha1=${signature}` },
    body,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).then(
    (response) => response.ok,
    () => false,
  )
}

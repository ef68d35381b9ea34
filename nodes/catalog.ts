import type { Catalog } from './define.ts'
import { branch } from './flow/branch.condition.ts'
import { delay } from './flow/delay.flow.ts'
import { exit } from './flow/exit.flow.ts'
import { join } from './flow/join.flow.ts'
import { event } from './triggers/event.trigger.ts'
import { manual } from './triggers/manual.trigger.ts'
import { schedule } from './triggers/schedule.trigger.ts'
import { segment } from './triggers/segment.trigger.ts'
import { signal } from './triggers/signal.trigger.ts'
import { webhook } from './triggers/webhook.trigger.ts'

/**
 * Every step and connector there is, in the order the palette shows them. Listed by hand: nothing registers itself on
 * import, so what a build contains can be read here. A published version keeps its line until no plan names it.
 */
export const catalog: Catalog = {
  steps: [
    event,
    signal,
    segment,
    webhook,
    schedule,
    manual,
    branch,
    delay,
    join,
    exit,
    // new:node adds actions below this line
  ],
  connectors: [],
}

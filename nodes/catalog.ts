import type { Catalog } from './define.ts'
import { emailConnector } from './email/connector.ts'
import { send } from './email/send.action.ts'
import { approval } from './flow/approval.action.ts'
import { branch } from './flow/branch.condition.ts'
import { callPlaybook } from './flow/call-playbook.action.ts'
import { delay } from './flow/delay.flow.ts'
import { exit } from './flow/exit.flow.ts'
import { forEach } from './flow/for-each.flow.ts'
import { form } from './flow/form.action.ts'
import { goal } from './flow/goal.flow.ts'
import { join } from './flow/join.flow.ts'
import { milestone } from './flow/milestone.flow.ts'
import { setVariable } from './flow/set-variable.flow.ts'
import { split } from './flow/split.flow.ts'
import { waitForEvent } from './flow/wait-for-event.flow.ts'
import { waitForRule } from './flow/wait-for-rule.flow.ts'
import { httpConnector } from './http/connector.ts'
import { repeatableRequest } from './http/repeatable-request.action.ts'
import { request } from './http/request.action.ts'
import { intercomConnector } from './intercom/connector.ts'
import { tagContact } from './intercom/tag-contact.action.ts'
import { trackEvent } from './intercom/track-event.action.ts'
import { untagContact } from './intercom/untag-contact.action.ts'
import { updateContact } from './intercom/update-contact.action.ts'
import { salesforceConnector } from './salesforce/connector.ts'
import { createOpportunity } from './salesforce/create-opportunity.action.ts'
import { createTask } from './salesforce/create-task.action.ts'
import { upsertRecord } from './salesforce/upsert-record.action.ts'
import { slackConnector } from './slack/connector.ts'
import { postMessage } from './slack/post-message.action.ts'
import { call } from './triggers/call.trigger.ts'
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
    call,
    branch,
    split,
    delay,
    waitForEvent,
    waitForRule,
    forEach,
    setVariable,
    join,
    exit,
    callPlaybook,
    milestone,
    goal,
    approval,
    form,
    tagContact,
    untagContact,
    trackEvent,
    updateContact,
    createOpportunity,
    upsertRecord,
    createTask,
    postMessage,
    send,
    repeatableRequest,
    request,
    // `npm run new:node` adds its lines above this one
  ],
  connectors: [intercomConnector, salesforceConnector, slackConnector, emailConnector, httpConnector],
}

import { expect, it } from 'vitest'
import { transitionsOf } from './transitions.ts'

const history = (...types: string[]) =>
  types.map((type, i) => ({ eventId: i + 1, eventType: 0, [`${type}EventAttributes`]: {} }))

it('counts a run of local activities in one workflow task as two actions: the start and all its markers', () => {
  const { events, actions } = transitionsOf(
    history(
      'workflowExecutionStarted',
      'workflowTaskScheduled',
      'workflowTaskStarted',
      'workflowTaskCompleted',
      'markerRecorded',
      'markerRecorded',
      'workflowExecutionCompleted',
    ),
  )
  expect(actions).toBe(2)
  expect(events).toMatchObject({ markerRecorded: 2, workflowTaskStarted: 1 })
})

it('counts the markers of a second workflow task and a timer as actions of their own', () => {
  const types = ['workflowExecutionStarted', 'workflowTaskCompleted', 'markerRecorded', 'timerStarted', 'timerFired']
  expect(transitionsOf(history(...types, 'workflowTaskCompleted', 'markerRecorded')).actions).toBe(4)
})

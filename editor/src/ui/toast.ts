import { notifications } from '@mantine/notifications'
import { readProblem } from '../api/problem.ts'

/** A cross says nothing to who does not see it. */
const NAMED = { 'aria-label': 'Dismiss' }

/** Short words on what just happened. Failures stay until they are closed. */
export const said = (message: string): void => {
  notifications.show({ message, color: 'green', autoClose: 4000, closeButtonProps: NAMED })
}

export const failed = (error: unknown): void => {
  const { title, detail, code } = readProblem(error)
  notifications.show({ title, message: `${detail} (${code})`, color: 'red', autoClose: false, closeButtonProps: NAMED })
}

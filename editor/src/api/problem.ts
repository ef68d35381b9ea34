import { TRPCClientError } from '@trpc/client'

/** What went wrong, as the server says it (RFC 9457), or as the browser met it. */
export interface ShownProblem {
  title: string
  /** What to do about it. */
  detail: string
  code: string
  problems: Array<{ path: string; message: string; fix?: string }>
}

/** A problem document that came as the answer to a plain call, such as an upload. */
export class ProblemAnswer extends Error {
  override readonly name = 'ProblemAnswer'
  readonly document: unknown
  constructor(document: unknown) {
    super('The server refused the call.')
    this.document = document
  }
}

const isObject = (value: unknown): value is { [key: string]: unknown } => value !== null && typeof value === 'object'
const text = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise)

/** Reads whatever a call threw. */
export function readProblem(error: unknown): ShownProblem {
  if (error instanceof TRPCClientError) {
    const data: unknown = error.data
    if (isObject(data) && isObject(data.problem)) return readDocument(data.problem)
    return {
      title: 'Signalbox does not answer',
      detail: 'Check that it is running and that you are connected, then try again.',
      code: 'UNREACHABLE',
      problems: [],
    }
  }
  if (error instanceof ProblemAnswer && isObject(error.document)) return readDocument(error.document)
  if (error instanceof Error)
    return { title: 'Something broke on this page', detail: error.message, code: 'PAGE', problems: [] }
  return { title: 'Something broke on this page', detail: 'Reload it and try again.', code: 'PAGE', problems: [] }
}

function readDocument(document: { [key: string]: unknown }): ShownProblem {
  const parts: unknown[] = Array.isArray(document.problems) ? document.problems : []
  return {
    title: text(document.title, 'That did not work'),
    detail: text(document.detail, 'Try again.'),
    code: text(document.code, 'UNKNOWN'),
    problems: parts.filter(isObject).map((part) => ({
      path: text(part.path, ''),
      message: text(part.message, ''),
      ...(typeof part.fix === 'string' && { fix: part.fix }),
    })),
  }
}

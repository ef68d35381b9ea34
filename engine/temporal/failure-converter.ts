import { DefaultFailureConverter } from '@temporalio/common'

/**
 * Messages and stacks of failures may quote what a person wrote, so that they travel as a payload, which the codec
 * closes. Loaded by its path, by workers, clients and the workflow bundle.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true })

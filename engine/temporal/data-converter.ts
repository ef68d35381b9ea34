import { fileURLToPath } from 'node:url'
import type { DataConverter } from '@temporalio/common'
import type { Ports } from '../ports.ts'
import { createRunCodec } from './codec.ts'

export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('./failure-converter.ts', import.meta.url))

/** What clients and workers must share to read each other's payloads. */
export const dataConverterOf = (ports: Pick<Ports, 'blobs' | 'keys'>): DataConverter => ({
  payloadCodecs: [createRunCodec(ports)],
  failureConverterPath: FAILURE_CONVERTER_PATH,
})

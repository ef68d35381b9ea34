import type { FastifyRequest } from 'fastify'
import { EFFECT_HEADER } from '../../nodes/effect-header.ts'

const KEY = /^[A-Za-z0-9:_.-]{1,200}$/

/** @returns the effect that a call names; undefined where it names none, or what cannot be one: it is then no cause of ours */
export function effectIn({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const value = headers[EFFECT_HEADER.toLowerCase()]
  return typeof value === 'string' && KEY.test(value) ? value : undefined
}

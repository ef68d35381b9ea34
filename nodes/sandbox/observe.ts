import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Json } from '../manifest.ts'
import type { Stage } from './app.ts'
import type { StoredFault } from './faults.ts'

interface Observed {
  id: number
  at: number
  started: number
  fault: StoredFault | null
  written: boolean
}

/** Logs every call before its answer goes out, and applies faults around the app's own handlers. */
export function observe(scope: FastifyInstance, { app, faults, requests, sandbox }: Stage): void {
  const seen = new WeakMap<object, Observed>()
  const note = (request: FastifyRequest, status: number | null, response: string | null) => {
    const call = seen.get(request)
    if (!call || call.written) return
    call.written = true
    const [path = '', query = ''] = request.url.split('?', 2)
    requests.add({
      id: call.id,
      at: call.at,
      method: request.method,
      path,
      query,
      status,
      ms: Math.round((performance.now() - call.started) * 100) / 100,
      fault: call.fault ? summary(call.fault) : null,
      headers: request.headers,
      body: request.body,
      response,
    })
  }

  scope.addHook('onRequest', (request, _reply, done) => {
    const observed = {
      id: requests.nextId(),
      at: sandbox.now(),
      started: performance.now(),
      fault: null,
      written: false,
    }
    seen.set(request, observed)
    done()
  })
  scope.addHook('preHandler', async (request, reply) => {
    const path = (request.url.split('?', 1)[0] ?? '').slice(app.app.length + 1)
    const fault = faults.choose({ method: request.method, path })
    const call = seen.get(request)
    if (!fault || !call) return
    call.fault = fault
    if (fault.when === 'after') return
    if (fault.delayMs !== undefined) return pause(fault.delayMs, sandbox.signal)
    if (fault.drop) {
      note(request, null, null)
      reply.hijack()
      request.raw.socket.destroy()
      return
    }
    return reply
      .code(fault.status ?? 500)
      .headers(fault.headers ?? {})
      .send(fault.body ?? null)
  })
  scope.addHook('onSend', async (request, reply, payload: unknown) => {
    const fault = seen.get(request)?.fault
    const answer = typeof payload === 'string' ? payload : null
    if (fault?.when !== 'after') {
      note(request, reply.statusCode, answer)
      return payload
    }
    if (fault.delayMs !== undefined) await pause(fault.delayMs, sandbox.signal)
    if (fault.drop) {
      note(request, null, answer)
      request.raw.socket.destroy()
      return payload
    }
    if (fault.status === undefined) {
      note(request, reply.statusCode, answer)
      return payload
    }
    const instead = JSON.stringify(fault.body ?? null)
    reply
      .code(fault.status)
      .header('content-type', 'application/json; charset=utf-8')
      .headers(fault.headers ?? {})
    note(request, fault.status, instead)
    return instead
  })
}

const summary = ({ id, when, status, delayMs, drop }: StoredFault): Json => ({
  id,
  when,
  ...(status === undefined ? {} : { status }),
  ...(delayMs === undefined ? {} : { delayMs }),
  ...(drop === undefined ? {} : { drop }),
})

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    // The host is closing: the call ends with it, unanswered or answered early.
    if (!signal.aborted) throw error
  }
}

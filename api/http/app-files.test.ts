import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import compress from '@fastify/compress'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { appFiles } from './app-files.ts'

let folder: string
let server: FastifyInstance
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-app-'))
  server = Fastify()
  await server.register(compress, { threshold: 100 })
})
afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

async function withBuild(): Promise<void> {
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Signalbox</title>')
  writeFileSync(join(folder, 'assets/app-4f2a.js'), `console.log(${JSON.stringify('x'.repeat(500))})`)
  writeFileSync(join(folder, 'secret.txt'), 'beside')
  await appFiles(server, folder)
}
const html = { accept: 'text/html,*/*' }

it('keeps files with a hash for ever and asks for the page each time', async () => {
  await withBuild()
  const asset = await server.inject({ url: '/assets/app-4f2a.js', headers: { 'accept-encoding': 'gzip' } })
  expect(asset.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-encoding': 'gzip',
  })
  expect((await server.inject({ url: '/', headers: html })).headers['cache-control']).toBe('no-cache')
})

it('answers every address of the app with the page, and no other', async () => {
  await withBuild()
  for (const url of ['/', '/playbooks/some-slug', '/runs/run_1'])
    expect((await server.inject({ url, headers: html })).body, url).toContain('<title>Signalbox')
  for (const url of ['/v1/nothing', '/trpc/nothing', '/assets/gone.js', '/hooks/x'])
    expect((await server.inject({ url, headers: html })).statusCode, url).toBe(404)
  expect((await server.inject({ url: '/playbooks', headers: { accept: 'application/json' } })).statusCode).toBe(404)
  expect((await server.inject({ method: 'POST', url: '/playbooks', headers: html })).statusCode).toBe(404)
})

it('does not leave its folder', async () => {
  await withBuild()
  for (const url of ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2f..%2fetc%2fpasswd']) {
    const answer = await server.inject({ url })
    expect(answer.body, url).not.toContain('root:')
  }
})

it('says how to build the editor when it is not there', async () => {
  await appFiles(server, folder)
  const answer = await server.inject({ url: '/', headers: html })
  expect(answer.statusCode).toBe(503)
  expect(answer.body).toContain('npm run build')
})

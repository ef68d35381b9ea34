import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'

/** What the reference page may not do: talk to anyone but us. */
const CONFIGURATION = {
  telemetry: false,
  withDefaultFonts: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  persistAuth: false,
} as const

const attribute = (value: unknown): string =>
  JSON.stringify(value).replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')

/** A page of ours around the packaged reference, because the packaged page needs an inline script. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Signalbox API reference</title>
  </head>
  <body>
    <div id="api-reference" data-url="/v1/openapi.json" data-configuration="${attribute(CONFIGURATION)}"></div>
    <script src="/docs/reference/js/scalar.js"></script>
  </body>
</html>
`

/** The API reference at /docs, all of it from this server. */
export async function docsRoutes(server: FastifyInstance): Promise<void> {
  await server.register(scalar, {
    routePrefix: '/docs/reference',
    configuration: { url: '/v1/openapi.json', ...CONFIGURATION },
  })
  server.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE))
}

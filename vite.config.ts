import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

// A few stable chunks instead of many small ones: the app opens in some ten requests, and a new release of ours leaves
// the libraries in the browser's cache. Of two that fit the earlier one is taken, with all that it needs and that no
// earlier one has.
const CHUNKS = [
  { name: 'react', test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store)\// },
  { name: 'interface', test: /node_modules\/(@mantine|@floating-ui|@tanstack|@trpc|zustand|clsx)/ },
  { name: 'canvas', test: /node_modules\/(@xyflow|d3-|classcat)/ },
  { name: 'app', test: /node_modules\/lucide-react\/|editor\/src\/(app|api|ui|theme)\// },
  {
    name: 'fields',
    test: /editor\/src\/((document|inspector|rules)\/(?!layout-graph|template-preview)|runs\/start-|canvas\/step-icon)/,
  },
  { name: 'editor', test: /editor\/src\/((canvas|playbook)\/|runs\/run-)/ },
  { name: 'pages', test: /editor\/src\/(playbooks|runs|events|audiences|customers|connections|sandbox|settings)\// },
  { name: 'checks', test: /node_modules\/@marcbachmann\/|engine\/(compile|expression)\// },
]

/** What most people open: its chunks come with the first ones instead of after the app has looked where it is. */
const OPENED_FIRST = 'playbook-page.tsx'

const preloadEditor: Plugin = {
  name: 'preload-editor',
  transformIndexHtml: {
    order: 'post',
    handler: (html, { bundle }) => {
      const chunks = Object.values(bundle ?? {}).filter((part) => part.type === 'chunk')
      const opened = chunks.find((chunk) => chunk.moduleIds.some((id) => id.endsWith(OPENED_FIRST)))
      return [opened?.fileName ?? [], opened?.imports ?? []]
        .flat()
        .filter((file) => !html.includes(file))
        .map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
          injectTo: 'head',
        }))
    },
  },
}

export default defineConfig({
  root: 'editor',
  plugins: [react(), preloadEditor],
  worker: { format: 'es' },
  build: {
    outDir: '../dist/editor',
    emptyOutDir: true,
    target: 'es2023',
    // One sheet: small beside the library's, and no page waits for its own.
    cssCodeSplit: false,
    // The page's policy allows no inline script; browsers that run this know modulepreload.
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups: CHUNKS } } },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/trpc', '/auth', '/v1', '/oauth', '/docs'].map((path) => [path, 'http://127.0.0.1:4000']),
    ),
  },
})

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// A few stable chunks instead of many small ones: the app opens in some ten requests, and a new release of ours leaves
// the libraries in the browser's cache.
const CHUNKS = [
  { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
  { name: 'canvas', test: /node_modules\/(@xyflow|d3-|classcat)/ },
  { name: 'interface', test: /node_modules\/(@mantine|@floating-ui|@tanstack|@trpc|zustand|clsx)/ },
  { name: 'pages', test: /editor\/src\/(playbooks|events|audiences|customers|connections|sandbox|settings)\// },
]

export default defineConfig({
  root: 'editor',
  plugins: [react()],
  worker: { format: 'es' },
  build: {
    outDir: '../dist/editor',
    emptyOutDir: true,
    target: 'es2023',
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

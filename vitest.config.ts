import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{nodes,engine,api,editor,bin,test,scripts}/**/*.test.{ts,tsx}'],
    globalSetup: ['test/helpers/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})

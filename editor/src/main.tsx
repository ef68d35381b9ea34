import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './theme/app.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from './api/client.ts'
import { askAhead } from './app/ask-ahead.ts'
import { router } from './app/router.tsx'
import { cssVariables, theme } from './theme/theme.ts'

askAhead(window.location)
const root = document.getElementById('root')
if (root === null) throw new Error('index.html has lost its #root.')
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Notifications position="bottom-right" />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)

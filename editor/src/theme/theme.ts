import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

/** The one accent: the ink of a signalling diagram. */
const ink: MantineColorsTuple = [
  '#eff2ff',
  '#dfe5fe',
  '#c2cdfc',
  '#9fb0f9',
  '#7c90f4',
  '#6378ec',
  '#4a5fe0',
  '#3346c4',
  '#2b3aa1',
  '#252f7e',
]

/** Cool greys with a little of the accent in them, so that surfaces and accent belong together. */
const gray: MantineColorsTuple = [
  '#f8f9fb',
  '#f1f3f7',
  '#e6e9f0',
  '#d8dce6',
  '#c3c9d6',
  '#a1a9ba',
  '#7b8498',
  '#565f73',
  '#394052',
  '#1d2230',
]

const dark: MantineColorsTuple = [
  '#e4e7ef',
  '#c4cad8',
  '#a3abbd',
  '#767f94',
  '#454d61',
  '#333a4b',
  '#262c3a',
  '#1b202c',
  '#151923',
  '#0f121a',
]

/** The stock reds, but for those that are filled: white on them meets WCAG AA. */
const red: MantineColorsTuple = [
  '#fff5f5',
  '#ffe3e3',
  '#ffc9c9',
  '#ffa8a8',
  '#ff8787',
  '#ff6b6b',
  '#d92f2f',
  '#d22d2d',
  '#bf2626',
  '#c92a2a',
]

export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: { light: 7, dark: 6 },
  colors: { ink, gray, dark, red },
  black: '#171b27',
  fontFamily: 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: {
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.25' },
      h2: { fontSize: '1.125rem', lineHeight: '1.35' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  defaultRadius: 'md',
  radius: { sm: '6px', md: '8px', lg: '12px' },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm' } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Modal: {
      defaultProps: {
        closeButtonProps: { 'aria-label': 'Close' },
        centered: true,
        radius: 'lg',
        overlayProps: { backgroundOpacity: 0.45 },
      },
    },
    ScrollArea: { defaultProps: { scrollbarSize: 7, scrollbars: 'y' } },
    ScrollAreaAutosize: { defaultProps: { scrollbarSize: 7, scrollbars: 'y' } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true } },
    Menu: { defaultProps: { shadow: 'md', radius: 'md' } },
    Select: { defaultProps: { allowDeselect: false, checkIconPosition: 'right' } },
    Table: { defaultProps: { verticalSpacing: 'sm', horizontalSpacing: 'md', borderColor: 'var(--sb-line)' } },
  },
})

/** Dimmed and tinted text of the stock theme miss WCAG AA; these meet it on every surface we use. */
export const cssVariables: CSSVariablesResolver = () => {
  const tints = ['red', 'green', 'yellow', 'blue', 'orange', 'teal', 'gray', 'ink']
  const shade = (n: number) =>
    Object.fromEntries(
      tints.map((name) => [`--mantine-color-${name}-light-color`, `var(--mantine-color-${name}-${n})`]),
    )
  return {
    variables: {},
    light: {
      ...shade(9),
      '--mantine-color-dimmed': '#596277',
      '--mantine-color-placeholder': '#697288',
      '--mantine-color-error': '#c22525',
      '--mantine-color-body': '#ffffff',
      '--sb-page': '#f8f9fb',
      '--sb-surface': '#ffffff',
      '--sb-sunken': '#f1f3f7',
      '--sb-line': '#e3e6ee',
      '--sb-line-strong': '#c9cfdb',
      '--sb-accent': '#3346c4',
      '--sb-accent-soft': '#eff2ff',
      '--sb-good': '#0d7a4e',
      '--sb-good-soft': '#e4f6ed',
      '--sb-warn': '#8f5200',
      '--sb-warn-soft': '#fff3dc',
      '--sb-bad': '#b3261e',
      '--sb-bad-soft': '#fdecea',
      '--sb-idle': '#596277',
      '--sb-idle-soft': '#eef0f5',
    },
    dark: {
      ...shade(2),
      '--mantine-color-dimmed': '#a3abbd',
      '--mantine-color-placeholder': '#8f98ab',
      '--mantine-color-error': '#ff8f87',
      '--mantine-color-body': '#1b202c',
      '--mantine-color-ink-light': '#232b52',
      '--mantine-color-ink-light-hover': '#2b3563',
      '--sb-page': '#12151e',
      '--sb-surface': '#1b202c',
      '--sb-sunken': '#151923',
      '--sb-line': '#2c3343',
      '--sb-line-strong': '#454d61',
      '--sb-accent': '#8fa2fb',
      '--sb-accent-soft': '#232b52',
      '--sb-good': '#63d6a1',
      '--sb-good-soft': '#12352a',
      '--sb-warn': '#f2b84f',
      '--sb-warn-soft': '#3a2c10',
      '--sb-bad': '#ff9b93',
      '--sb-bad-soft': '#43201f',
      '--sb-idle': '#a3abbd',
      '--sb-idle-soft': '#262c3a',
    },
  }
}

/** The mark: one track that leaves another at a set of points, with the way it takes lit. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#3346c4" />
      <path d="M9 24V8M9 14c0 5 14 2 14 8v2" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" />
      <circle cx="9" cy="8" r="3.4" fill="#fff" />
      <circle cx="23" cy="23" r="3.4" fill="#9fe3c1" />
    </svg>
  )
}

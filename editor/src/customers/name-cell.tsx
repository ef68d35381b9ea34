import { Link } from '@tanstack/react-router'

/** Who it is, and the way to them. */
export function NameCell({ subject }: { subject: { kind: 'contact' | 'account'; id: string; label: string } }) {
  const { kind, id, label } = subject
  return (
    <Link to={kind === 'contact' ? '/contacts/$id' : '/accounts/$id'} params={{ id }} className="sb-name-cell">
      <Initials label={label} square={kind === 'account'} />
      <span>{label}</span>
    </Link>
  )
}

/** Drawn by the style sheet, so that the letters are no part of the name. */
export function Initials({ label, square, big }: { label: string; square: boolean; big?: boolean }) {
  // Of “Ada Bauer (2)” the A and the B.
  const words = label.split(/[\s@._-]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word))
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => Array.from(word ?? '')[0] ?? '')
  return (
    <span
      className="sb-initials"
      data-square={square}
      data-big={big === true}
      data-tint={Array.from(label).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 6}
      data-initial={letters.join('').toUpperCase()}
    />
  )
}

/** What somebody is called; of whom nobody has named yet, the end of our id, which tells them from others. */
export const shownName = ({ id, label }: { id: string; label: string }): string =>
  label === id ? `Unnamed ${id.slice(-6)}` : label

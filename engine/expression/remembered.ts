/**
 * A function of a text that remembers its answers: every keystroke compiles the same steps, every run renders the same
 * plan, and a thousand steps name the same few properties. The oldest answer goes first.
 */
export function remembered<T>(most: number, work: (text: string) => T): (text: string) => T {
  const answers = new Map<string, T>()
  return (text) => {
    const known = answers.get(text)
    if (known !== undefined) return known
    const answer = work(text)
    if (answers.size >= most) for (const oldest of answers.keys()) if (answers.delete(oldest)) break
    answers.set(text, answer)
    return answer
  }
}

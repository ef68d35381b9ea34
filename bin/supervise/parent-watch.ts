/**
 * Ends this process when the supervisor that started it is gone, even by kill -9: the supervisor holds the other end of
 * our standard input, and the kernel closes that end with its holder. Does nothing for a process started by hand or by a
 * container, whose standard input is no supervisor's pipe.
 *
 * @param stop Graceful stop; its result is not waited for longer than `graceMs`.
 * @param graceMs Milliseconds until the process ends all the same. Below the 5 s after which nothing may be left.
 */
export function exitWithParent(stop: () => Promise<void>, graceMs = 2000): void {
  if (process.env.SIGNALBOX_SUPERVISED !== '1') return
  const leave = () => {
    setTimeout(() => process.exit(1), graceMs).unref()
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.stdin.once('end', leave)
  process.stdin.once('error', leave)
  process.stdin.resume()
}

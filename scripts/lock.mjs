import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const POLL_MS = 200
const MESSAGE_EVERY_MS = 4000

/**
 * Takes the lock file at `path`, waiting while a living process holds it. It is given back by the returned function, at
 * the latest when this process ends; one that a killed process left behind counts for nothing.
 * @param {string} path
 * @param {(line: string) => void} log
 * @returns {Promise<() => void>}
 */
export async function takeLock(path, log) {
  mkdirSync(dirname(path), { recursive: true })
  const started = Date.now()
  let told = -MESSAGE_EVERY_MS
  while (!tryTake(path)) {
    const waited = Date.now() - started
    if (waited - told >= MESSAGE_EVERY_MS) {
      told = waited
      log(
        `Another bootstrap of this clone (pid ${holder(path)}) is at work; waiting for it (${Math.round(waited / 1000)} s)`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  const release = () => {
    if (holder(path) === process.pid) rmSync(path, { force: true })
  }
  process.on('exit', release)
  return () => {
    process.off('exit', release)
    release()
  }
}

function tryTake(path) {
  const mine = `${path}.${process.pid}`
  writeFileSync(mine, `${process.pid}\n`)
  try {
    // A link appears whole or not at all, so no one ever reads an empty lock.
    linkSync(mine, path)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    const pid = holder(path)
    if (pid !== null && !isAlive(pid)) removeStale(path, pid)
    return false
  } finally {
    rmSync(mine, { force: true })
  }
}

// Looks once more just before removing: another waiter may have removed the stale lock and taken a new one.
function removeStale(path, pid) {
  if (holder(path) === pid) rmSync(path, { force: true })
}

function holder(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : null
  } catch {
    return null
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

import { inflateRawSync } from 'node:zlib'

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const LOCAL_ENTRY = 0x04034b50

/**
 * The content of one member of a zip archive (a Python wheel is one), without an unzip program.
 * Stored and deflated members of archives below 4 GiB; that is what wheels are.
 * @param {Buffer} archive
 * @param {string} name
 * @returns {Buffer}
 */
export function readZipMember(archive, name) {
  const entry = findEntry(archive, name)
  if (archive.readUInt32LE(entry.offset) !== LOCAL_ENTRY) throw new Error(`The zip archive is damaged at ${name}.`)
  const start = entry.offset + 30 + archive.readUInt16LE(entry.offset + 26) + archive.readUInt16LE(entry.offset + 28)
  const packed = archive.subarray(start, start + entry.packedSize)
  if (entry.method === 0) return packed
  if (entry.method !== 8)
    throw new Error(`The zip member ${name} uses compression method ${entry.method}, not deflate.`)
  const content = inflateRawSync(packed)
  if (content.length !== entry.size) throw new Error(`The zip member ${name} is cut short.`)
  return content
}

function findEntry(archive, name) {
  let at = archive.length - 22
  while (at >= 0 && archive.readUInt32LE(at) !== END_OF_DIRECTORY) at--
  if (at < 0) throw new Error('Not a zip archive: it has no end-of-directory record.')
  const count = archive.readUInt16LE(at + 10)
  let offset = archive.readUInt32LE(at + 16)
  for (let index = 0; index < count; index++) {
    if (archive.readUInt32LE(offset) !== DIRECTORY_ENTRY) throw new Error('The zip directory is damaged.')
    const nameLength = archive.readUInt16LE(offset + 28)
    if (archive.toString('utf8', offset + 46, offset + 46 + nameLength) === name) {
      return {
        method: archive.readUInt16LE(offset + 10),
        packedSize: archive.readUInt32LE(offset + 20),
        size: archive.readUInt32LE(offset + 24),
        offset: archive.readUInt32LE(offset + 42),
      }
    }
    offset += 46 + nameLength + archive.readUInt16LE(offset + 30) + archive.readUInt16LE(offset + 32)
  }
  throw new Error(`The zip archive has no member ${name}.`)
}

// Gives damaged copies of real files to the readers of weight files, and fails where anything but a clear error comes of it:
//   node scripts/fuzz.mjs [--format NAME] [--mutations 10000] [--seed 1] [--folder ../shared/assets/weights] [--json]
// Each format gets that many mutations, spread over its files. A mutation that takes longer than two seconds, throws another
// error than a CheckpointError, ends the process or leaves it with more than a gigabyte fails. Uses the built package.
import { fork } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openFile } from '../dist/weights/file.js'
import { formats, openCheckpoint } from '../dist/weights/index.js'

/** Real files of each format, the lightest that show all of its parts. Of a pair the first is opened and the second damaged. */
const corpus = {
  safetensors: ['mnist-cnn-burn.safetensors', 'darknet-tiny.wnid-order.safetensors'],
  sharded: ['mnist-cnn-burn.safetensors.index.json'],
  keras: ['mlperftiny-resnet8-cifar10.keras.h5', 'mobilenet_v1_0.25_224_notop.keras.h5'],
  tfjs: ['darknet-tiny.tfjs/model.json'],
  ncnn: [
    'squeezenet_v1.1.ncnn.param',
    ['squeezenet_v1.1.ncnn.bin', 'squeezenet_v1.1.ncnn.param'],
    ['ultraface-RFB-320.ncnn.param', 'ultraface-RFB-320.ncnn.bin'],
  ],
  onnx: ['ultraface-RFB-320.onnx', 'ultraface-RFB-320_simplified.onnx'],
  caffe: [
    'ultraface-RFB-320.prototxt',
    ['ultraface-RFB-320.caffemodel', 'ultraface-RFB-320.prototxt'],
    ['ultraface-RFB-320.prototxt', 'ultraface-RFB-320.caffemodel'],
  ],
  darknet: ['yolo-fastest-1.1.weights', ['yolo-fastest-1.1.weights', 'yolo-fastest-1.1.cfg']],
  tflite: [
    'mlperftiny-resnet8-cifar10.int8.tflite',
    'mlperftiny-resnet8-cifar10.float.tflite',
    'tflite-coral/mobilenet_v1_0.25_128_quant.tflite',
  ],
  pytorch: ['mnist-cnn-burn.pt', 'cifar10-resnet20-12fca82f.pth', 'ultraface-RFB-320.pth'],
}

/** The bytes of a file of the corpus; an index of shards is made for the one file that it names. */
async function original(path) {
  if (!path.endsWith('.index.json')) return Uint8Array.from(readFileSync(path))
  const shard = await openFile(path.replace(/\.index\.json$/, ''))
  const { tensors } = await openCheckpoint(shard)
  await shard.close()
  const weightMap = Object.fromEntries([...tensors.keys()].map((name) => [name, basename(shard.name)]))
  return new TextEncoder().encode(
    JSON.stringify({ metadata: { total_size: 0 }, weight_map: weightMap }, null, 2),
  )
}

const secondsAllowed = 2
const bytesAllowed = 2 ** 30

/** Numbers in [0, 1) that a seed gives (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const notable = [
  0n,
  1n,
  -1n,
  0x7fn,
  0x80n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
]

/** A damaged copy: one to four of the changes that files suffer or attackers make. */
function mutate(bytes, random) {
  const below = (n) => Math.floor(random() * n)
  let out = Uint8Array.from(bytes)
  // Structure is mostly at the ends: headers, directories.
  const place = () => {
    const [where, edge] = [random(), Math.min(out.length, 4096)]
    return Math.max(
      0,
      where < 0.5 ? below(edge) : where < 0.75 ? out.length - 1 - below(edge) : below(out.length),
    )
  }
  for (let left = 1 + below(4); left > 0 && out.length > 0; left--) {
    const at = place()
    switch (below(8)) {
      case 0:
        out[at] ^= 1 << below(8)
        break
      case 1:
        out[at] = [0, 0xff, 0x7f, 0x80, below(256)][below(5)]
        break
      case 2: {
        const size = [2, 4, 8][below(3)]
        if (at + size > out.length) break
        const value = notable[below(notable.length)]
        const view = new DataView(out.buffer, at, size)
        if (size === 2) view.setUint16(0, Number(BigInt.asUintN(16, value)), true)
        else if (size === 4) view.setUint32(0, Number(BigInt.asUintN(32, value)), random() < 0.8)
        else view.setBigUint64(0, BigInt.asUintN(64, value), random() < 0.8)
        break
      }
      case 3:
        out = out.slice(0, at)
        break
      case 4: {
        const length = Math.min(1 + below(64), out.length - at)
        out.copyWithin(at, below(out.length - length + 1), out.length)
        break
      }
      case 5: {
        const length = Math.min(1 + below(16), out.length - at)
        const cut = new Uint8Array(out.length - length)
        cut.set(out.subarray(0, at))
        cut.set(out.subarray(at + length), at)
        out = cut
        break
      }
      case 6: {
        const more = Uint8Array.from({ length: 1 + below(16) }, () => below(256))
        const grown = new Uint8Array(out.length + more.length)
        grown.set(out.subarray(0, at))
        grown.set(more, at)
        grown.set(out.subarray(at), at + more.length)
        out = grown
        break
      }
      default: {
        // A number in text becomes one of many digits, or a negative one.
        let digit = at
        while (digit < out.length && digit < at + 256 && !(out[digit] >= 0x30 && out[digit] <= 0x39)) digit++
        if (digit < out.length) out.fill(random() < 0.8 ? 0x39 : 0x2d, digit, digit + 1 + below(12))
      }
    }
  }
  return out
}

/** What a user does with a file: opens it, reads tensors and, where it has one, the network's structure. */
async function use(source, random) {
  const checkpoint = await openCheckpoint(source)
  const names = [...checkpoint.tensors.keys()]
  for (let i = 0; i < Math.min(4, names.length); i++) {
    await checkpoint.tensors.get(names[Math.floor(random() * names.length)]).read()
  }
  await checkpoint.network?.()
}

async function child(folder, format, first, count, seed) {
  const pairs = corpus[format].map((entry) => [entry].flat().map((name) => join(folder, name)))
  const files = pairs.map((pair) => pair.at(-1))
  const originals = await Promise.all(files.map(original))
  const open = await Promise.all(pairs.map(([path]) => openFile(path.replace(/\.index\.json$/, ''))))
  // Opened once: a file keeps its neighbours open until it is closed.
  const neighbours = new Map()
  const neighbour = (which, path) => {
    const key = `${which} ${path}`
    if (!neighbours.has(key)) neighbours.set(key, open[which].sibling(path))
    return neighbours.get(key)
  }
  const outcome = { opened: 0, refused: 0 }
  for (let i = first; i < first + count; i++) {
    process.send({ began: i })
    // As between reads of a disk: what weak references hold is freed at the end of a turn.
    await new Promise((resume) => setImmediate(resume))
    const random = randomFrom(seed * 1_000_003 + i)
    const which = i % files.length
    const bytes = mutate(originals[which], random)
    const damaged = {
      name: files[which],
      size: bytes.length,
      read: async (offset, length) => {
        if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length))
          throw new Error(`reads ${length} bytes at ${offset} of ${bytes.length}`)
        return bytes.subarray(offset, offset + length)
      },
      sibling: (path) => neighbour(which, path),
    }
    const beside = async (path) => (path === basename(files[which]) ? damaged : neighbour(which, path))
    const source = pairs[which].length === 1 ? damaged : { ...open[which], sibling: beside }
    const start = performance.now()
    try {
      await use(source, random)
      outcome.opened++
    } catch (error) {
      outcome.refused++
      if (error?.name !== 'CheckpointError')
        process.send({ failed: i, file: files[which], error: String(error?.stack ?? error) })
    }
    const seconds = (performance.now() - start) / 1000
    if (seconds > secondsAllowed)
      process.send({ failed: i, file: files[which], error: `took ${seconds.toFixed(1)} s` })
  }
  process.send({ ended: true, ...outcome, bytes: process.resourceUsage().maxRSS * 1024 })
}

/** One format in a process of its own, which a hang or a crash takes with it; it is started again after one. */
async function fuzz(folder, format, count, seed) {
  const result = { format, opened: 0, refused: 0, failures: [], bytes: 0 }
  for (let next = 0; next < count && result.failures.length < 20; ) {
    const from = next
    await new Promise((done) => {
      const args = [
        '--child',
        format,
        '--from',
        `${from}`,
        '--mutations',
        `${count - from}`,
        '--seed',
        `${seed}`,
        '--folder',
        folder,
      ]
      const worker = fork(fileURLToPath(import.meta.url), args, {
        execArgv: ['--max-old-space-size=512'],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      })
      let stderr = ''
      let watch
      let ended = false
      worker.stderr.on('data', (text) => {
        stderr = (stderr + text).slice(-2000)
      })
      const expectProgress = () => {
        clearTimeout(watch)
        watch = setTimeout(() => worker.kill('SIGKILL'), 20_000)
      }
      expectProgress()
      worker.on('message', (message) => {
        expectProgress()
        if (message.began !== undefined) next = message.began + 1
        else if (message.failed !== undefined)
          result.failures.push({ mutation: message.failed, file: message.file, error: message.error })
        else {
          ended = true
          result.opened += message.opened
          result.refused += message.refused
          result.bytes = Math.max(result.bytes, message.bytes)
        }
      })
      worker.on('exit', (code, signal) => {
        clearTimeout(watch)
        if (!ended) {
          const how =
            signal === 'SIGKILL'
              ? 'hangs or took all memory'
              : `ended the process (${signal ?? `exit code ${code}`})`
          result.failures.push({ mutation: next - 1, error: `${how}\n${stderr}` })
          if (next === from) next++
        } else next = count
        done()
      })
    })
  }
  if (result.bytes > bytesAllowed)
    result.failures.push({ error: `the process took ${(result.bytes / 1e6).toFixed(0)} MB of memory` })
  return result
}

const { values } = parseArgs({
  options: {
    format: { type: 'string' },
    mutations: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    folder: { type: 'string', default: resolve(import.meta.dirname, '../../shared/assets/weights') },
    json: { type: 'boolean', default: false },
    child: { type: 'string' },
    from: { type: 'string', default: '0' },
  },
})
const [mutations, seed] = [Number(values.mutations), Number(values.seed)]

if (values.child !== undefined) {
  await child(values.folder, values.child, Number(values.from), mutations, seed)
  process.disconnect()
} else {
  const names = values.format === undefined ? Object.keys(formats) : [values.format]
  const without = names.filter(
    (name) =>
      !(corpus[name] ?? [])
        .flat()
        .every((file) => existsSync(join(values.folder, file.replace(/\.index\.json$/, '')))),
  )
  if (without.length > 0 || names.some((name) => corpus[name] === undefined)) {
    const missing = names.filter((name) => corpus[name] === undefined)
    throw new Error(
      `no files of ${[...missing, ...without].join(', ')} to damage in ${values.folder} (${existsSync(values.folder) ? readdirSync(dirname(values.folder)) : 'absent'})`,
    )
  }
  const results = []
  for (const name of names) {
    const start = performance.now()
    const result = { ...(await fuzz(values.folder, name, mutations, seed)), seconds: 0 }
    result.seconds = (performance.now() - start) / 1000
    results.push(result)
    if (values.json) continue
    const { opened, refused, failures, bytes, seconds } = result
    console.log(
      `${name}: ${refused} refused, ${opened} opened, ${failures.length} failed; ${seconds.toFixed(0)} s, ${(bytes / 1e6).toFixed(0)} MB`,
    )
    for (const { mutation, file, error } of failures)
      console.log(
        `  ${mutation === undefined ? '' : `seed ${seed}, mutation ${mutation}${file ? ` of ${file}` : ''}: `}${error}`,
      )
  }
  if (values.json) console.log(JSON.stringify(results, null, 2))
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1
}

// The machine's own limits, measured in the same run as everything else.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { cache } from './paths.mjs'

const source = join(import.meta.dirname, 'limits.cc')

function build(name, options) {
  mkdirSync(cache, { recursive: true })
  const program = join(cache, name)
  const { status } = spawnSync(
    'c++',
    ['-O3', '-march=native', '-std=c++17', '-pthread', ...options, '-o', program, source],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  return status === 0 ? program : null
}

const measure = (program, threads) =>
  JSON.parse(spawnSync(program, [String(threads)], { encoding: 'utf8' }).stdout)

/**
 * The processor, and for each number of threads GFLOP/s of fused multiply-adds, GFLOP/s of 128-bit multiply-then-add (what
 * portable WebAssembly can reach), and GB/s of a triad over growing working sets. Without a C++ compiler no limits.
 */
export function measureLimits(threadCounts) {
  const [widest, narrow] = [
    build('limits', []),
    build('limits128', ['-DLANES=4', '-ffp-contract=off', '-fno-tree-vectorize']),
  ]
  const limits =
    widest &&
    narrow &&
    threadCounts.map((threads) => {
      const { gflops, bandwidth } = measure(widest, threads)
      return { threads, gflops, gflops128: measure(narrow, threads).gflops, bandwidth }
    })
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    limits: limits ?? [],
  }
}

/** The bandwidth that the caches or the memory give a working set of so many bytes. */
function bandwidthFor(bytes, { bandwidth }) {
  return (bandwidth.find((level) => bytes <= level.bytes) ?? bandwidth[bandwidth.length - 1]).gigabytes
}

/** How near a time is to the limits: GFLOP/s, GB/s, the share of each, and of the one that binds. */
export function shareOfLimits({ macs, bytes }, milliseconds, limits, peak = 'gflops') {
  const gflops = macs === undefined ? null : (2 * macs) / milliseconds / 1e6
  const gigabytes = bytes === undefined ? null : bytes / milliseconds / 1e6
  if (!limits) return { gflops, gigabytes }
  const peakShare = gflops === null ? null : gflops / limits[peak]
  const bandwidthShare = gigabytes === null ? null : gigabytes / bandwidthFor(bytes, limits)
  const bound = (bandwidthShare ?? 0) > (peakShare ?? 0) ? 'memory' : 'compute'
  return {
    gflops,
    peakShare,
    gigabytes,
    bandwidthShare,
    bound,
    share: Math.max(peakShare ?? 0, bandwidthShare ?? 0),
  }
}

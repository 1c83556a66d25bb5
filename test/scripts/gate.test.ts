import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'

const gate = resolve(import.meta.dirname, '../../.ci/run')
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** Runs the gate in a repository of its own, with other programs in place of some. */
function run(programs: Readonly<Record<string, string>>): {
  status: number | null
  last: string
  stderr: string
  left: string[]
} {
  const folder = mkdtempSync(join(tmpdir(), 'ocelli-gate-'))
  folders.push(folder)
  const [repository, bin] = [join(folder, 'repository'), join(folder, 'bin')]
  mkdirSync(join(repository, '.ci'), { recursive: true })
  mkdirSync(bin)
  copyFileSync(gate, join(repository, '.ci/run'))
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost']
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    [...identity, 'commit', '-qm', 'first'],
  ]) {
    execFileSync('git', args, { cwd: repository })
  }
  const { status, stdout, stderr } = spawnSync('bash', [join(repository, '.ci/run')], {
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    encoding: 'utf8',
  })
  return { status, last: stdout.trimEnd().split('\n').at(-1)!, stderr, left: readdirSync(folder) }
}

const otherThanTests = '[ "$1" != test ]'

describe.skipIf(process.platform === 'win32')('the gate', () => {
  it('counts where the installation fails, and tidies up', () => {
    expect(run({ npm: 'exit 3' })).toMatchObject({
      status: 3,
      last: '0 passed, 1 failed',
      left: ['bin', 'repository'],
    })
  })

  it('counts where the checks before the tests fail', () => {
    expect(run({ npm: `${otherThanTests} || exit 2` })).toMatchObject({
      status: 2,
      last: '1 passed, 1 failed',
    })
  })

  it('counts tests, and files that could not be run', () => {
    const results =
      '{"numPassedTests":7,"numFailedTests":1,"testResults":[{"status":"failed","assertionResults":[]}]}'
    const npm = `${otherThanTests} || { echo '${results}' > results.json; exit 1; }`
    expect(run({ npm })).toMatchObject({ status: 1, last: '8 passed, 2 failed' })
    const passed = `${otherThanTests} || echo '{"numPassedTests":7,"numFailedTests":0}' > results.json`
    expect(run({ npm: passed })).toMatchObject({ status: 0, last: '8 passed, 0 failed' })
  })

  it('counts WebAssembly that is not what the sources give as a failure', () => {
    const npm = `case "$*" in
      *build:wasm*) exit 4 ;;
      test*) echo '{"numPassedTests":7,"numFailedTests":0}' > results.json ;;
    esac`
    expect(run({ npm })).toMatchObject({ status: 1, last: '7 passed, 1 failed' })
  })

  it('says which Node it needs', () => {
    const { status, last, stderr } = run({ node: '[ "$1" = --version ] && echo v18.0.0; exit 1' })
    expect([status, last]).toEqual([1, '0 passed, 1 failed'])
    expect(stderr).toContain('the gate needs Node 20.19 or later, this is v18.0.0')
  })
})

import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const script = resolve(import.meta.dirname, '../../scripts/build-native.mjs')
const folder = mkdtempSync(join(tmpdir(), 'ocelli-compiler-'))
const broken = join(folder, 'broken-c++')
const complaint = Array.from({ length: 30 }, (_, i) => `error ${i}`).join('\n')
writeFileSync(
  broken,
  `#!/bin/sh\nif [ "$1" = --version ]; then echo broken 1.0; exit 0; fi\nprintf '%s\\n' '${complaint}' >&2\nexit 1\n`,
)
chmodSync(broken, 0o755)
afterAll(() => rmSync(folder, { recursive: true }))

function build(
  options: readonly string[],
  env: Readonly<Record<string, string>>,
): { status: number | null; stdout: string; stderr: string } {
  const { CXX: _, ...inherited } = process.env
  return spawnSync(process.execPath, [script, ...options], {
    env: { ...inherited, ...env },
    encoding: 'utf8',
  })
}

describe.skipIf(process.platform === 'win32')('a compiler that fails', () => {
  it('lets npm install go on, with a short message', () => {
    const { status, stderr } = build(['--optional'], { CXX: broken })
    expect(status).toBe(0)
    expect(stderr).toMatch(/^ocelli: \S+\.cc \(\w+\):\nerror 0\n/)
    expect(stderr).toContain('error 7\n…\n')
    expect(stderr).not.toContain('error 8')
    expect(stderr).toContain('the native addon could not be built (see above), so Ocelli will ')
  })

  it('fails npm run build:native, and says all', () => {
    const { status, stderr } = build([], { CXX: broken })
    expect(status).toBe(1)
    expect(stderr).toContain('error 29')
  })
})

it.skipIf(process.platform === 'win32')('a compiler that is not there is named where CXX names it', () => {
  const missing = join(folder, 'nowhere')
  expect(build([], { CXX: missing })).toMatchObject({
    status: 1,
    stderr: `ocelli: the compiler that CXX names, ${missing}, cannot be run\n`,
  })
  expect(build(['--optional'], { CXX: missing }).status).toBe(0)
})

it('no compiler at all is no error', () => {
  const { status, stdout } = build([], { PATH: folder })
  expect(status).toBe(0)
  expect(stdout).toContain('no C++ compiler on the PATH, so the native addon was not built')
})

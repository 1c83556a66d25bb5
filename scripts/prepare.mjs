// What `npm install` does in a clone: the native addon for this machine, then the library.
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

function run(script, args = []) {
  const { status, error } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

run(resolve(root, 'scripts/build-native.mjs'), ['--optional'])
run(resolve(root, 'scripts/build.mjs'))

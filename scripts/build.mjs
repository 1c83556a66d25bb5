// Builds the library, dist/: compiles the TypeScript and puts what is not TypeScript beside it.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const { status, error } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (error) throw error
process.exitCode = status ?? 1
if (status === 0) {
  const [from, to] = ['src', 'dist'].map((folder) => join(root, folder, 'backends/wasm'))
  for (const file of readdirSync(from)) {
    if (/\.(wasm|js)$/.test(file)) copyFileSync(join(from, file), join(to, file))
  }
  // npx runs the file itself; npm makes it executable when it links a command, not when it finds it linked.
  chmodSync(join(root, 'dist/cli/main.js'), 0o755)
}

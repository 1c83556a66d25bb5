import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Brings dist/ up to date: child processes, such as the command line and the examples, run the built package. */
export default function build(): void {
  const root = join(import.meta.dirname, '../..')
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' })
}

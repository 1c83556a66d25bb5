import { createRequire } from 'node:module'

export function version(): string {
  // By the package's own name: the path to it differs between the sources and what is built from them.
  const require = createRequire(import.meta.url)
  return (require('ocelli/package.json') as { version: string }).version
}

// Builds the library, dist/: bundles the TypeScript, writes its declarations, and puts what is not TypeScript beside them.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { rolldown } from 'rolldown'
import { minifyThirdParty, thirdPartyChunk, thirdPartyLicences } from './third-party.mjs'

const root = resolve(import.meta.dirname, '..')
const [source, target] = ['src', 'dist'].map((folder) => join(root, folder))
const pathOf = (module) => relative(source, module).replaceAll('\\', '/')

/** What the package exports and its commands: path in dist/ without the extension, and source. */
function entries() {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const files = [...Object.values(exports).map((entry) => entry.default), ...Object.values(bin)]
  const names = files.filter(Boolean).map((file) => file.replace(/^\.\/dist\/(.*)\.js$/, '$1'))
  return Object.fromEntries(names.map((name) => [name, join(source, `${name}.ts`)]))
}

/** What every computation needs. */
const engine = /^((graph|autograd|compiler|tensor)\/|backends\/(profile\/)?[^/]*$)/

/** The modules that importing one loads, itself included. */
function loadedWith(module, graph) {
  const loaded = new Set([module])
  for (const each of loaded) for (const next of graph.getModuleInfo(each).importedIds) loaded.add(next)
  return loaded
}

/**
 * Writes the JavaScript; gives its files. The engine is one file, the rest of the main entry another: they load in a
 * fraction of the time that their hundred modules take. What remains is divided by which entries need it.
 */
async function bundle() {
  const main = join(source, 'index.ts')
  const build = await rolldown({
    input: entries(),
    platform: 'neutral',
    // The parser of CSV names Node's streams for a use of it that is not ours.
    external: /^(node:|sharp$|stream$)/,
    resolve: { mainFields: ['module', 'main'] },
    // Libraries ask for it, and a browser has no process.
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    plugins: [minifyThirdParty],
  })
  const { output } = await build.write({
    dir: target,
    format: 'es',
    sourcemap: true,
    comments: false,
    keepNames: true,
    // What is imported on demand keeps its path, by which it finds the addon and the WebAssembly.
    chunkFileNames: ({ facadeModuleId, name }) =>
      facadeModuleId ? pathOf(facadeModuleId).replace(/\.ts$/, '.js') : `shared/${name}.js`,
    codeSplitting: {
      groups: [
        { name: thirdPartyChunk, debugName: 'third party', priority: 2 },
        { name: 'engine', test: (module) => engine.test(pathOf(module)), priority: 1 },
        {
          name: (module, graph) => (loadedWith(main, graph).has(module) ? 'library' : null),
          debugName: 'library',
        },
      ],
    },
  })
  await build.close()
  writeFileSync(join(target, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicences(output))
  return output.map(({ fileName }) => fileName)
}

/** Gives the files that were copied. */
function copyWasm() {
  const folder = 'backends/wasm'
  const files = readdirSync(join(source, folder)).filter((file) => /\.(wasm|js)$/.test(file))
  return files.map((file) => {
    copyFileSync(join(source, folder, file), join(target, folder, file))
    return `${folder}/${file}`
  })
}

/** Removes what earlier builds wrote and this one did not. */
function removeOthers(written) {
  for (const file of readdirSync(target, { recursive: true })) {
    if (/\.js(\.map)?$/.test(file) && !written.has(file.replaceAll('\\', '/'))) rmSync(join(target, file))
  }
}

const compiler = join(root, 'node_modules/typescript/bin/tsc')
const { status, error } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (error) throw error
process.exitCode = status ?? 1
if (status === 0) {
  removeOthers(new Set([...(await bundle()), ...copyWasm()]))
  // npx runs the file itself; npm makes it executable when it links a command, not when it finds it linked.
  chmodSync(join(target, 'cli/main.js'), 0o755)
}

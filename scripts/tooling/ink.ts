// How programs with Ink are bundled.
import type { Plugin } from 'esbuild'
import { root } from './repo.js'

/** Ink's bridge to React's developer tools asks for a package that nobody has installed. */
const noDevtools: Plugin = {
  name: 'no-devtools',
  setup(setup) {
    setup.onLoad({ filter: /ink\/build\/devtools\.js$/ }, () => ({ contents: '' }))
  },
}

// Packages written for CommonJS ask for Node's modules by require.
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/** Options of esbuild for whatever renders with Ink, in a module. */
export const withoutDevtools = {
  plugins: [noDevtools],
  // What React and Ink have for their own developers: neither is to be loaded, whatever the caller's variables say.
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
  banner: { js: REQUIRE },
}

/** What is ours in place of a package's in the terminal UI: where Ink spends its time on what has to be told only once. */
export const inPlaceOf: Plugin = {
  name: 'in-place-of',
  setup(setup) {
    setup.onResolve({ filter: /^string-width$/ }, ({ importer }) =>
      importer.endsWith('/tui/ink/width.ts') ? undefined : { path: 'width', namespace: 'ours' },
    )
    setup.onResolve({ filter: /\/output\.js$/ }, ({ importer }) =>
      importer.endsWith('/ink/build/renderer.js')
        ? { path: 'by-rows', namespace: 'ours' }
        : undefined,
    )
    setup.onLoad({ filter: /./, namespace: 'ours' }, ({ path: name }) => ({
      contents: OURS[name] ?? '',
      resolveDir: root,
    }))
  },
}
const OURS: { readonly [name: string]: string } = {
  width: "export { width as default } from './cli/tui/ink/width.ts'",
  'by-rows': `import Output from './node_modules/ink/build/output.js'
    import { byRows } from './cli/tui/ink/by-rows.ts'
    export default byRows(Output)`,
}

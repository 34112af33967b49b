// Loaded by `import()` when there is a file to read. The package itself is CommonJS: bundled, an `import()` of it would
// find no name but `default`.
export { parseAllDocuments } from 'yaml'

import { conformance } from './testing/conformance.js'
import { MemoryStore } from './memory.js'

conformance('memory', () => ({ open: async () => new MemoryStore(), reopen: undefined }))

// node floor-server.js echo|broadcast: a bare WebSocket server that only passes frames on, for others to be compared
// with. Prints its port.
import { type AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { say } from '../tooling/repo.js'

const broadcasts = process.argv[2] === 'broadcast'
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const to = broadcasts ? [...server.clients].filter((one) => one !== socket) : [socket]
    for (const one of to) one.send(data)
  })
})
server.on('listening', () => {
  const { port } = server.address() as AddressInfo
  say(String(port))
})

/** What `portman` alone prints: what one does first. */
export const overview = `portman, the registry of local ports.

  portman scan                       what listens on this machine?
  portman check 3000                 is this port free?
  portman request 1 -n shop          reserve a free port for a project, and print it
  portman reserve 3000 -n shop       reserve this port
  portman run shop -- npm start      reserve, set PORT, run, release
  portman list                       reserved ports and their listeners

Then:
  portman kill 3000                  stop the listener on a port, never its clients
  portman release 3000               release a reservation
  portman history 3000               what happened to it

"portman --help" lists all commands; each has --help with an example.
`;

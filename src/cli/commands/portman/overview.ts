/** What `portman` alone prints: what one does first. */
export const overview = `portman, the registry of local ports.

  portman scan                       who listens on this machine?
  portman check 3000                 is this port free?
  portman request 1 -n shop          reserve a free port for a project, and print it
  portman reserve 3000 -n shop       reserve this port
  portman run shop -- npm start      reserve, set PORT, run, release
  portman list                       what is reserved, and what runs

Then:
  portman kill 3000                  end what listens on a port, never what is connected to it
  portman release 3000               give a reservation up
  portman history 3000               what happened to it

"portman --help" lists all commands; each has --help with an example.
`;

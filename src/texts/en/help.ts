/** The documents for customers, which the api serves under /help: by topic, then by section. */
export const help = {
  more: 'Read on',
  topics: {
    'first-steps': {
      title: 'First steps with your server',
      sections: {
        account: {
          title: 'Create your account',
          text: 'Open the address of your server and choose “Create account”. Use the e-mail address that the order names as the administrator: at first it is the only one that the server accepts, and it needs no confirmation. If the server is still registering its licence, reload the page after a moment.',
        },
        others: {
          title: 'Admit others',
          text: 'Under “Users” on the start page, enter the e-mail address of each person who may create an account. How many you can admit depends on your plan and its add-ons.',
        },
        device: {
          title: 'Add a device',
          text: 'Under “Devices”, add a device and copy its credential: it is shown once.',
        },
      },
    },
    devices: {
      title: 'Connect devices',
      sections: {
        address: {
          title: 'Tell a device where your server is',
          text: 'Put this line at the top of the source of your device, with the name of your server. Without it the device connects to the public community server.',
        },
        reading: {
          title: 'Send a reading over HTTP',
          text: 'Send the credential of the device as a bearer token. The page of the device on your server shows this command with its own address.',
        },
        lost: {
          title: 'A lost credential',
          text: 'A credential cannot be read again. Remove the device and add it again; its earlier readings are deleted with it.',
        },
      },
    },
    server: {
      title: 'Users, domains and brands',
      sections: {
        users: {
          title: 'Users',
          text: 'The administrator admits and removes users. Removing a user deletes their account, their devices and all readings of these for good.',
        },
        brands: {
          title: 'Domains and brands',
          text: 'A domain is a name of your own under which the server answers beside its hostname. A brand gives the pages under one domain a name, colours and a logo; the domain comes first.',
        },
        limits: {
          title: 'Limits',
          text: 'The start page shows what your plan allows and what is in use.',
        },
        licence: {
          title: 'When the licence is locked',
          text: 'The start page says so and why. Devices go on sending and nothing is lost; changes are possible again after the next successful check of the licence.',
        },
      },
    },
  },
} as const;
